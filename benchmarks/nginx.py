"""nginx in front, where there is one: its cache of our pages, beside the same bytes as a file. NGINX names the program."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.processes import Part, spawn, wait_until

FILE = "/as-a-file"
# What deploy/nginx.conf says of the cache; TLS costs the same for both and is left out.
CONFIGURATION = """
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    sendfile on;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    proxy_cache_path {folder}/pages levels=1:2 keys_zone=pages:10m max_size=500m inactive=1h use_temp_path=off;
    upstream site {{ server 127.0.0.1:{site}; keepalive 16; }}
    server {{
        listen 127.0.0.1:{port};
        location = {file} {{ alias {folder}/page; default_type text/html; }}
        location / {{
            proxy_pass http://site;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host:{site};
            proxy_cache pages;
            proxy_cache_key $scheme$host$request_uri;
            proxy_cache_lock on;
            proxy_cache_revalidate on;
            proxy_cache_background_update on;
        }}
    }}
}}
"""


def program() -> str | None:
    return os.environ.get("NGINX") or shutil.which("nginx")


@contextmanager
def in_front_of(site: int, *, page: bytes, folder: Path, port: int) -> Iterator[Part]:
    """nginx on that port, with a cache of the site and the bytes of one page as a file."""
    found = program()
    assert found, "ask for the program first"
    folder.mkdir()
    folder.chmod(0o777)  # started by root, it works as another user
    (folder / "page").write_bytes(page)
    (folder / "conf").write_text(CONFIGURATION.format(folder=folder, site=site, port=port, file=FILE))
    command = [found, "-p", folder, "-e", folder / "error.log", "-c", folder / "conf", "-g", "daemon off;"]
    part = spawn("nginx", command, folder / "log")
    try:
        wait_until(lambda: part.gone or (folder / "pid").exists())
        yield part
    finally:
        part.ask_to_stop()
        part.wait_or_kill(5)
