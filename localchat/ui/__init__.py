"""The terminal interface: it drives `chat` and `engine`, and knows neither cli nor llama_cpp."""
