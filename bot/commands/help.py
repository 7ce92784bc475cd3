"""Help, read from the commands, the metrics, the grammar and the presets themselves."""

from collections.abc import Sequence

from bot.commands.context import Who
from bot.commands.drafting import EXAMPLE, EXAMPLE_OF_LIQUIDATIONS
from bot.commands.levels import EXAMPLES
from bot.commands.presets import PRESETS
from bot.commands.spec import Spec
from bot.messages.document import Block, Button, Document, Fields, Footer, Heading, Paragraph
from monitors.metrics.registry import METRICS, Unit

CLAUSES = (
    ("above|below <level>", f"where it rings: {EXAMPLES[Unit.RATE]}; a bare % is per 8 hours"),
    ("above <level>", f"of liquidations: {EXAMPLES[Unit.USD]}; a share: {EXAMPLES[Unit.SHARE]}; a z: 3.5"),
    ("long|short|both", "whose liquidations count: both unless one is named"),
    ("window <length>", "over how long they are summed: 1m, 5m, 15m, 1h, 4h or 24h"),
    ("on <venue>|any|all", "one venue, each by itself (any), or all together (all)"),
    ("inverse|linear", "funding of coin-margined perpetuals, or of the others (linear, the default)"),
    ("for <duration>", "it must hold this long first: 90s, 2m, 1h30m"),
    ("keep <duration>", "it must stay clear this long before the resolve"),
    ("every <duration>|never", "how often to repeat while it lasts, 4h by default"),
    ("step <factor>", "ring again at this multiple of what was last told: 1.5, of liquidations 2"),
    ("clear <level>", "where it resolves; by default 20 % of the level back, of a z 0.5"),
    ("cooldown <duration>", "quiet after an alert before a new one: 15m, of liquidations 30m"),
    ("severity <word>", "info, warning or critical"),
    ("once|until <date>|forever", "when the rule ends: 2026-12-31 or 2026-12-31 14:00, UTC"),
)
"""Every clause of a rule's line and what it does."""


def overview(specs: Sequence[Spec], *, first_steps: bool = False) -> Document:
    """Return commands with their summaries, with what a newcomer does first if wished."""
    rows = tuple((spec.usage, spec.summary) for spec in specs)
    note = "/help <command> says more, for instance /help alert add"
    return Document(
        blocks=(Heading(text="Commands"), Fields(rows=rows), Footer(note=note)),
        buttons=_FIRST_STEPS if first_steps else (),
    )


def details(spec: Spec) -> Document:
    """Return all there is to know of one command."""
    blocks: list[Block] = [
        Heading(text=spec.usage),
        Paragraph(text=f"{spec.summary[0].upper()}{spec.summary[1:]}."),
    ]
    if spec.arguments:
        blocks.append(Fields(rows=tuple((argument.usage, argument.help) for argument in spec.arguments)))
    blocks += _MORE.get(spec.name, [])
    return Document(blocks=(*blocks, Footer(note=_WHO[spec.who])))


_FIRST_STEPS = (
    Button(label="Funding of BTC", line="/funding BTC"),
    Button(label="Most extreme now", line="/top"),
    Button(label="Subscribe", line="/subscribe"),
    Button(label="New rule", line="/alert add"),
)
_WHO = {
    Who.MEMBER: "anyone may give it",
    Who.EDITOR: "this chat's admins may give it, and whom they allow with /settings allow",
    Who.ADMIN: "only this chat's admins may give it",
}


_METRICS: list[Block] = [
    Paragraph(text="Metrics:"),
    Fields(
        rows=tuple(
            (metric.name, f"{metric.description} Typical level: {metric.default_level or 'none'}.")
            for metric in METRICS
        )
    ),
]
_LANGUAGE: list[Block] = [
    Paragraph(text="Clauses, in any order:"),
    Fields(rows=CLAUSES),
]
_MORE: dict[str, list[Block]] = {
    "alert add": [
        Paragraph(text="A line is: <metric> <base|any|market> <clauses>"),
        Paragraph(text=f"For example: /alert add {EXAMPLE}"),
        Paragraph(text=f"or: /alert add {EXAMPLE_OF_LIQUIDATIONS}"),
        *_METRICS,
        *_LANGUAGE,
    ],
    "alert edit": _LANGUAGE,
    "subscribe": [
        Fields(
            rows=tuple((preset.name, f"{preset.summary}: {'; '.join(preset.lines)}") for preset in PRESETS)
        )
    ],
}
