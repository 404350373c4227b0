"""The client's tools, as far as every room has to know them."""

EDIT_TOOLS = {"Edit": "file_path", "Write": "file_path", "MultiEdit": "file_path", "NotebookEdit": "notebook_path"}  # name: key of its path
SHELL_TOOLS = ("Bash", "PowerShell")
