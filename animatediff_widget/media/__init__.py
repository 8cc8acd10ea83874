"""Files of pictures: what they are, how they are turned into another format, shown and kept."""
