"""The services as containers: one image, and what `docker-compose.yml` needs beside it."""
