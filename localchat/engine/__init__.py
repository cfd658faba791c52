"""The engine: a child process that runs llama.cpp, and the client that speaks to it.

`wire`, `process`, `healing` and `client` are the front end's side; `worker` and the rooms below it
run in the child and are the only ones that import llama_cpp.
"""
