"""A web page that runs an exported model in the browser alone.

`write_web_page` puts it into a folder, `zipped_page` into a zip, `served_page` where the workbench
serves it; `obstacle` says in words why there can be none. The page fetches nothing from elsewhere:
onnxruntime-web lies beside it.
"""

from ser_core.export.web_page.page import check_folder, obstacle, write_web_page, zipped_page
from ser_core.export.web_page.served import served_page

__all__ = [
    "check_folder",
    "obstacle",
    "served_page",
    "write_web_page",
    "zipped_page",
]
