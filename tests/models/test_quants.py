"""What is known of quantizations holds together; names are read as repositories write them."""

import itertools
import math
from pathlib import Path

import pytest

from localchat import errors
from localchat.models import facts, quants
from localchat.models.quants import Quant

QUANTS = quants.quants()
MEASURED = [quant for quant in QUANTS if not quant.like and (quant.imatrix or quant.static)]


def _named(name: str) -> Quant:
    quant = quants.by_name(name)
    assert quant is not None
    return quant


def _divergence(quant: Quant) -> float:
    loss = quant.imatrix or quant.static
    assert loss is not None
    return loss.kl_divergence


def test_every_file_type_of_llama_cpp_is_known() -> None:
    """The name and the number of each file type lead to the same quantization."""
    found = {number: _named(name).file_type for number, name in quants.FILE_TYPES.items()}
    assert found == {number: number for number in quants.FILE_TYPES}


def test_names_are_one_to_one() -> None:
    """No name or alias could mean two quantizations, however it is spelled."""
    texts = [text for quant in QUANTS for text in (quant.name, *quant.aliases)]
    keys = ["".join(filter(str.isalnum, text)).upper() for text in texts]
    assert sorted(keys) == sorted(set(keys))


@pytest.mark.parametrize("quant", QUANTS, ids=lambda quant: quant.name)
def test_figures_are_sourced_and_possible(quant: Quant) -> None:
    """Whoever has a figure has a source; a model's bits are near those of its format."""
    measured = (quant.bits_per_weight, quant.static, quant.imatrix)
    assert bool(quant.sources) == any(figure is not None for figure in measured)
    assert quant.bits_per_weight is None or 1.5 < quant.bits_per_weight <= 32
    if quant.bits_per_weight and not quant.is_dynamic:
        ratio = quant.bits_per_weight / quant.block_bits_per_weight
        assert 0.99 < ratio < 1.41
    if quant.static and quant.imatrix:
        assert quant.imatrix.kl_divergence < quant.static.kl_divergence


def test_picks_have_what_a_pick_needs() -> None:
    """Only full precision and formats that a model must be trained in lack a loss."""
    without = {quant.name for quant in QUANTS if not (quant.static or quant.imatrix)}
    special = {quant.name for quant in QUANTS if quant.is_full_precision or quant.is_trained_in}
    assert without == special
    assert all(quant.size_exponent for quant in QUANTS if quant.name not in special)


def test_dominance_is_true_and_ends() -> None:
    """The dominator loses less for at most 2 % more bytes, and no chain comes back."""
    for quant in QUANTS:
        seen = [quant.name]
        while quant.dominated_by:
            better = _named(quant.dominated_by)
            assert better.name not in seen
            assert better.bits_per_weight and quant.bits_per_weight
            assert better.bits_per_weight <= 1.02 * quant.bits_per_weight
            assert _divergence(better) < _divergence(quant)
            seen.append(better.name)
            quant = better


@pytest.mark.parametrize(("worse", "better"), [("Q4_0", "Q4_K_S"), ("Q5_0", "Q5_K_S")])
def test_the_plain_formats_are_dominated(worse: str, better: str) -> None:
    """The old round-to-nearest formats give way to the K-quant of their size."""
    assert _named(worse).dominated_by == better


def test_k_quants_lose_less_with_more_bits() -> None:
    """Along the ladder each step up costs bytes and loses less."""
    names = ("Q2_K", "Q3_K_M", "Q3_K_L", "Q4_K_S", "Q4_K_M", "Q5_K_S", "Q5_K_M", "Q6_K", "Q8_0")
    for lower, upper in itertools.pairwise(_named(name) for name in names):
        assert lower.bits_per_weight and upper.bits_per_weight
        assert lower.bits_per_weight < upper.bits_per_weight
        assert lower.static and upper.static
        assert lower.static.kl_divergence > upper.static.kl_divergence
        assert lower.static.perplexity_delta > upper.static.perplexity_delta


def test_llama_2_70b_is_the_corrected_table() -> None:
    """Percentages follow from the perplexities over F16's 3.4313; Q2_K has 3.7339."""
    table = facts.read(Path(__file__).parents[2] / "assets" / "quants.toml")
    rows = {
        entry.text("name"): row
        for entry in table.tables("quant")
        if (row := entry.table("llama2_70b")) is not None
    }
    assert len(rows) == 12
    assert float(rows["Q2_K"].decimal("perplexity")) == 3.7339
    for row in rows.values():
        percent = (float(row.decimal("perplexity")) / 3.4313 - 1) * 100
        assert float(row.decimal("percent")) == pytest.approx(percent, abs=0.006)


def test_divergence_tells_ability() -> None:
    """Ability kept, exp(-0.78 x divergence), is within 3.5 points of the MMLU above chance."""
    checked = [quant for quant in MEASURED if quant.mmlu_percent and _divergence(quant) < 0.6]
    assert len(checked) == 19
    for quant in checked:
        assert quant.mmlu_percent
        kept = (quant.mmlu_percent - 25) / (65.2 - 25)
        assert math.exp(-0.78 * _divergence(quant)) == pytest.approx(kept, abs=0.036)


@pytest.mark.parametrize(
    ("name", "billions", "kept"),
    [
        ("Q8_0", 0.6, 0.998), ("Q6_K", 0.6, 0.989), ("Q5_K_M", 1.2, 0.982), ("Q4_K_M", 4, 0.971),
        ("IQ4_XS", 14, 0.978), ("Q3_K_M", 27, 0.96), ("IQ2_M", 70, 0.93), ("IQ2_XXS", 70, 0.83),
    ],
)  # fmt: skip
def test_loss_scales_with_the_size_of_the_model(name: str, billions: float, kept: float) -> None:
    """Small models lose more: the ability kept at other sizes than the reference's 8 billion."""
    quant = _named(name)
    assert quant.size_exponent
    divergence = _divergence(quant) * (8 / billions) ** quant.size_exponent
    assert math.exp(-0.78 * divergence) == pytest.approx(kept, abs=0.006)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Q4_K_M", "Q4_K_M"), ("q4_k_m", "Q4_K_M"), ("q4-k-m", "Q4_K_M"), ("Q4KM", "Q4_K_M"),
        ("Q4_K", "Q4_K_M"), (" Q8_0 ", "Q8_0"), ("fp16", "F16"), ("MXFP4_MOE", "MXFP4"),
        ("UD-Q4_K_XL", "UD-Q4_K_XL"), ("ud_q4_k_xl", "UD-Q4_K_XL"), ("Q4_K_XL", "UD-Q4_K_XL"),
        ("UD-Q3_K_XL", "UD-Q3_K_XL"), ("Q3_K_XL", "Q3_K_XL"), ("i1-Q4_K_S", "Q4_K_S"),
        ("UD-Q8_0", "Q8_0"), ("bf16", "BF16"),
    ],
)  # fmt: skip
def test_names_are_found_in_any_spelling(text: str, name: str) -> None:
    """Case and separators do not matter; a maker's prefix is passed over where it adds nothing."""
    assert _named(text).name == name


@pytest.mark.parametrize("text", ["", "Q4", "Q9_K", "IQ4_KS", "Q4_0_4_4", "latest", "UD", "i1"])
def test_other_names_are_nobody(text: str) -> None:
    """Formats that llama.cpp does not have are not taken for ones that it has."""
    assert quants.by_name(text) is None


FILES = {
    "Mistral-7B-Instruct-v0.3-Q4_K_M.gguf": "Q4_K_M",
    "Mistral-7B-Instruct-v0.3.Q4_K_M.gguf": "Q4_K_M",
    "Mistral-7B-Instruct-v0.3.IQ3_XS.gguf": "IQ3_XS",
    "Mistral-7B-Instruct-v0.3.fp16.gguf": "F16",
    "mistral-7b-instruct-v0.2.Q4_K_S.gguf": "Q4_K_S",
    "dolphin-2.6-mistral-7b-dpo.Q2_K.gguf": "Q2_K",
    "dolphin-2.6-mistral-7b-dpo.Q5_K_S.gguf": "Q5_K_S",
    "dolphin-2.6-mistral-7b-dpo.Q6_K.gguf": "Q6_K",
    "Llama-3.2-1B-Instruct-Q4_0.gguf": "Q4_0",
    "Llama-3.2-1B-Instruct-UD-IQ1_S.gguf": "UD-IQ1_S",
    "Llama-3.2-3B-Instruct-Q6_K_L.gguf": "Q6_K_L",
    "Llama-3.3-70B-Instruct-Q8_0-00001-of-00002.gguf": "Q8_0",
    "BF16/Llama-3.3-70B-Instruct-BF16-00001-of-00003.gguf": "BF16",
    "UD-Q6_K_XL/Llama-3.3-70B-Instruct-UD-Q6_K_XL-00002-of-00002.gguf": "UD-Q6_K_XL",
    "Meta-Llama-3.1-8B-Instruct-IQ4_XS.gguf": "IQ4_XS",
    "Meta-Llama-3.1-8B-Instruct-Q3_K_XL.gguf": "Q3_K_XL",
    "Meta-Llama-3.1-8B-Instruct-f32.gguf": "F32",
    "Qwen3-0.6B-Q8_0.gguf": "Q8_0",
    "Qwen3-4B-Instruct-2507-UD-Q4_K_XL.gguf": "UD-Q4_K_XL",
    "Qwen3-4B-Thinking-2507-Q2_K_L.gguf": "Q2_K_L",
    "Qwen3-30B-A3B-Instruct-2507-UD-TQ1_0.gguf": "UD-TQ1_0",
    "Qwen_Qwen3-4B-Instruct-2507-IQ4_NL.gguf": "IQ4_NL",
    "Qwen3-Coder-Next-MXFP4_MOE.gguf": "MXFP4",
    "Qwen3.5-35B-A3B-UD-Q4_K_XL-00001-of-00002.gguf": "UD-Q4_K_XL",
    "Qwen3.5-4B-Q3_K_S.gguf": "Q3_K_S",
    "Qwen3.6-35B-A3B-UD-IQ4_NL_XL.gguf": "UD-IQ4_NL_XL",
    "Qwen3.6-35B-A3B-UD-Q6_K.gguf": "UD-Q6_K",
    "Qwen3.8-27B-UD-IQ2_M.gguf": "UD-IQ2_M",
    "qwen2.5-7b-instruct-q4_k_m-00001-of-00002.gguf": "Q4_K_M",
    "qwen2.5-0.5b-instruct-fp16.gguf": "F16",
    "gemma-3-4b-it-q4_0.gguf": "Q4_0",
    "gemma-3-27b-it-qat-UD-Q4_K_XL.gguf": "UD-Q4_K_XL",
    "google_gemma-3-12b-it-qat-Q4_0.gguf": "Q4_0",
    "google_gemma-4-26B-A4B-it-Q5_K_L.gguf": "Q5_K_L",
    "gemma-4-E2B-it-IQ4_NL.gguf": "IQ4_NL",
    "gemma-3-1b-it-f16.gguf": "F16",
    "gpt-oss-20b-mxfp4.gguf": "MXFP4",
    "gpt-oss-20b-MXFP4.gguf": "MXFP4",
    "gpt-oss-20b-F16.gguf": "F16",
    "gpt-oss-120b-mxfp4-00001-of-00003.gguf": "MXFP4",
    "openai_gpt-oss-20b-Q4_K_M.gguf": "Q4_K_M",
    "phi-4-Q4_K_S.gguf": "Q4_K_S",
    "Phi-4-mini-instruct.Q8_0.gguf": "Q8_0",
    "smollm2-360m-instruct-q8_0.gguf": "Q8_0",
    "SmolLM3-Q4_K_M.gguf": "Q4_K_M",
    "granite-4.0-h-tiny-Q5_1.gguf": "Q5_1",
    "ibm-granite_granite-4.1-8b-IQ3_M.gguf": "IQ3_M",
    "LFM2.5-1.2B-Instruct-BF16.gguf": "BF16",
    "LFM2-8B-A1B-Q5_K_M.gguf": "Q5_K_M",
    "Ministral-3-8B-Instruct-2512-Q5_K_M.gguf": "Q5_K_M",
    "mistralai_Mistral-Small-3.2-24B-Instruct-2506-IQ2_XXS.gguf": "IQ2_XXS",
    "DeepSeek-R1-Distill-Qwen-32B-IQ2_S.gguf": "IQ2_S",
    "DeepSeek-R1-0528-Qwen3-8B-UD-IQ3_XXS.gguf": "UD-IQ3_XXS",
    "GLM-4.5-Air-UD-Q2_K_XL-00001-of-00002.gguf": "UD-Q2_K_XL",
    "NVIDIA-Nemotron-3.5-Lightning-30B-A3B-NVFP4.gguf": "NVFP4",
    "Bonsai-8B-Q1_0.gguf": "Q1_0",
    "Tiger-Gemma-12B-v3.i1-IQ3_XXS.gguf": "IQ3_XXS",
    "L3.3-70B-Euryale-v2.3.i1-Q4_K_M.gguf": "Q4_K_M",
    "Model-IMat.Q6_K.gguf": "Q6_K",
    "ggml-model-Q4_K_M.gguf": "Q4_K_M",
    "ggml-model-q4_1.gguf": "Q4_1",
    "model.q4_k_s.gguf": "Q4_K_S",
    "model_q5_0.gguf": "Q5_0",
    "tinyllama-1.1b-chat-v1.0.Q3_K_L.gguf": "Q3_K_L",
    "codellama-7b.Q5_K_M.GGUF": "Q5_K_M",
    "C:\\models\\Qwen3-8B-Q6_K.gguf": "Q6_K",
    "BitNet-b1.58-2B-4T-TQ2_0.gguf": "TQ2_0",
    "Llama-3-8B-F16-Q4_K_M.gguf": "Q4_K_M",
    "llama-3-8b-q4-k-m.gguf": "Q4_K_M",
}


@pytest.mark.parametrize(("file", "name"), FILES.items())
def test_the_name_of_a_file_tells_its_quantization(file: str, name: str) -> None:
    """As bartowski, unsloth, mradermacher, TheBloke and the makers of models write them."""
    found = quants.from_file_name(file)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "file",
    [
        "mmproj-F16.gguf", "mmproj-google_gemma-3-4b-it-f16.gguf", "Qwen3.5-4B.mmproj-Q8_0.gguf",
        "imatrix_unsloth.gguf", "imatrix-Q8_0.gguf", "Qwen3-8B-bf16.imatrix.gguf",
        "Qwen2.5-3B-Instruct.imatrix", "mtp-Qwen3.8-27B-Q8_0.gguf", "dflash-Qwen3-8B-F16.gguf",
        "eagle3-gpt-oss-20b-Q8_0.gguf", "Phi-3-mini-4k-instruct-q4.gguf", "model.f16.q6.gguf",
        "Meta-Llama-3.1-8B-Instruct-Q4_0_4_4.gguf", "Qwen3-8B-IQ4_KS.gguf", "Qwen3-8B-Q4_K_R4.gguf",
        "guide.gguf", "README.md", "model-Q4_K_M.safetensors", "",
        "Qwen3.5-35B-A3B-APEX-I-Mini.gguf",
    ],
)  # fmt: skip
def test_other_files_tell_none(file: str) -> None:
    """Parts that are no model, brief names, and formats of other programs are not guessed."""
    assert quants.from_file_name(file) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name = 3", "facts.toml: quant.3.name must be a text, not 3."),
        ("x", "facts.toml cannot be read: "),
        ('name = "A"', "facts.toml: quant.A.size is missing."),
        (
            'name = "A"\nsize = -1',
            "facts.toml: quant.A.size must be a whole number, 0 or more, not",
        ),
        ('name = "A"\nsize = 1\nsise = 2', "facts.toml: quant.A.sise is not a key that localchat"),
    ],
)
def test_a_damaged_file_is_named_with_its_key(tmp_path: Path, text: str, problem: str) -> None:
    """Whoever edits the file, or has half of it, reads where the fault is."""
    file = tmp_path / "facts.toml"
    file.write_text(f"[[quant]]\n{text}\n")
    with pytest.raises(errors.CatalogueError) as caught:
        for table in facts.read(file).tables("quant", "name"):
            table.text("name")
            table.whole("size")
            table.done()
    assert caught.value.message.startswith(problem)
