"""The conversation in the pictures: a question, an answer with every kind of block, a model."""

from typing import Any

QUESTION = "What should I pack for three days of hut hiking in September?"
ANSWER = """<think>
Three days, huts at night, September: cold evenings, perhaps rain, no tent and no stove.
</think>

Layers matter more than bulk. For three days hut to hut:

- **Worn:** boots, hiking trousers, merino shirt
- **Packed:** rain shell, light down jacket, one spare shirt, two pairs of socks
- **Small things:** hut liner, head torch, cash, 40 g of tape

| Hut | Height | Night |
|---|--:|--:|
| Lizumer | 2,019 m | 5 °C |
| Glungezer | 2,610 m | 1 °C |

A little program for the scales:

```python
def weight(grams: list[int]) -> float:
    return sum(grams) / 1000  # in kg
```
"""
LOADED: dict[str, Any] = {
    "name": "Mistral 7B Instruct v0.3",
    "architecture": "llama",
    "description": "llama 7B Q4_K - Small",
    "file_bytes": 4_140_374_304,
    "parameters": 7_248_023_552,
    "layers": 32,
    "trained_context_tokens": 32768,
    "context_tokens": 16384,
    "threads": 8,
    "load_seconds": 2.4,
}
