"""The panel: the ipywidgets face of a request and its job."""
