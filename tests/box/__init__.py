"""What it ships in: the image, the services around it, the first run of an installation."""
