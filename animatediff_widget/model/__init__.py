"""Plain values: the request, its fields, a prediction, an endpoint. Nothing here reads, writes or waits."""
