"""The Hugging Face Hub: search, headers and downloads. The only room that knows the network."""
