"""The ledger's tables: how known rows and new ones become one, by the rules of `lines`, and what follows from them."""

from psycopg.sql import SQL, Composable, Composed, Identifier

from services.bookkeeper.lines import KEYS, Arrival, Copy, Group, Letter, Line, Verdict, groups
from shared.database.table import Table, names

_ALL = SQL("""CASE WHEN {old} = {new} THEN {old} ELSE (
    SELECT string_agg(word, ' ' ORDER BY word) FROM (
        SELECT DISTINCT unnest(string_to_array(concat_ws(' ', {old}, {new}), ' ')) COLLATE "C" AS word) AS w) END""")


def _table(kind: type[Line]) -> Table:
    name = kind.__name__.lower()
    merged = [(column, value) for group in groups(kind) for column, value in _values(name, group)]
    on_conflict = SQL("DO UPDATE SET ({columns}) = ROW({values}) WHERE ({old}) IS DISTINCT FROM ROW({values})").format(
        columns=names(column for column, _ in merged),
        values=SQL(", ").join(value for _, value in merged),
        old=names((column for column, _ in merged), name),
    )
    return Table(name, kind._fields, kind._fields[: KEYS[kind]], on_conflict)


def _values(table: str, group: Group) -> list[tuple[str, Composable]]:
    """Each column of the group with what it becomes; as in `folding`."""
    if group.rule == "all":
        (column,) = group.columns
        return [(column, _ALL.format(old=Identifier(table, column), new=Identifier("excluded", column)))]
    if len(group.columns) == 1:
        (column,) = group.columns
        function = SQL("least") if group.rule == "first" else SQL("greatest")
        both = {"old": Identifier(table, column), "new": Identifier("excluded", column)}
        return [(column, SQL("{function}({old}, {new})").format(function=function, **both))]
    wins = SQL("({there} IS NOT NULL AND ({none} IS NULL OR ({new}) {compared} ({old})))").format(
        there=Identifier("excluded", group.columns[0]),
        none=Identifier(table, group.columns[0]),
        new=_ranked(group, "excluded"),
        compared=SQL("<") if group.rule == "first" else SQL(">"),
        old=_ranked(group, table),
    )
    template = SQL("CASE WHEN {wins} THEN {new} ELSE {old} END")
    return [
        (name, template.format(wins=wins, new=Identifier("excluded", name), old=Identifier(table, name)))
        for name in group.columns
    ]


def _ranked(group: Group, side: str) -> Composed:
    first, *others = (Identifier(side, name) for name in group.columns)
    texts = [SQL("coalesce({value}, '') COLLATE \"C\"").format(value=value) for value in others]
    return SQL(", ").join([first, *texts])


ARRIVAL, VERDICT, COPY, LETTER = (_table(kind) for kind in (Arrival, Verdict, Copy, Letter))
POSITION = Table(
    "position",
    ("topic", "partition", "next", "epoch", "stamp"),
    ("topic", "partition"),
    SQL("DO UPDATE SET (next, epoch, stamp) = (excluded.next, excluded.epoch, excluded.stamp)"),
)
UNDECODABLE = Table(
    "undecodable", ("topic", "partition", "offset", "at"), ("topic", "partition", "offset"), SQL("DO NOTHING")
)
TABLES = (ARRIVAL, VERDICT, COPY, LETTER, POSITION, UNDECODABLE)

POSITIONS = "SELECT topic, partition, next, epoch, stamp FROM position"
# Who else writes the ledger waits for this, and then finds that it was overtaken.
HELD_POSITIONS = "SELECT topic, partition, next, epoch, stamp FROM position ORDER BY topic, partition FOR UPDATE"

# Of those that a batch was about, also those to which a letter or a decision of earlier batches belongs.
JUDGE = """
UPDATE arrival a SET state = s.state FROM line_state s
WHERE a.arrival = ANY(%s) AND s.arrival = a.arrival AND s.state <> a.state
"""

# Of what was erased stays that it came: keyed id, site, association, size and time, so that the books add up. Whatever
# else the topics tell again is taken out again in the transaction that wrote it.
FORGET = (
    """
    UPDATE arrival SET (raw_key, digest, study_key) = (NULL, NULL, NULL)
    WHERE arrival = ANY(%s) AND num_nonnulls(raw_key, digest, study_key) > 0
        AND arrival IN (SELECT arrival FROM verdict WHERE decision = 'erased')
    """,
    """
    DELETE FROM copy WHERE arrival = ANY(%s) AND arrival IN (SELECT arrival FROM verdict WHERE decision = 'erased')
    """,
    """
    DELETE FROM verdict WHERE arrival = ANY(%s) AND decision <> 'erased'
        AND arrival IN (SELECT arrival FROM verdict WHERE decision = 'erased')
    """,
)

# A letter that is settled names no arrival: the one that it is about stands in its row.
LETTERED = "SELECT arrival FROM letter WHERE letter = ANY(%s) AND arrival IS NOT NULL"

COUNTS = "SELECT coalesce(site, ''), state, count(*) FROM arrival GROUP BY 1, 2"
OPEN_LETTERS = (
    "SELECT coalesce(stage, ''), coalesce(reason, ''), count(*) FROM letter WHERE settled IS NULL GROUP BY 1, 2"
)
