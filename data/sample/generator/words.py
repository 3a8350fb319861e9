"""Word lists the sample is made of: names with accents, places, products, newsletter subjects.

Everything is invented. Mail addresses end in `example.com`, `.net` or `.org` (RFC 2606) and telephone
numbers are `555-01xx`, the range the North American numbering plan keeps for fiction.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent

FIRST_NAMES = (_HERE / "first_names.txt").read_text(encoding="utf-8").split()
LAST_NAMES = (_HERE / "last_names.txt").read_text(encoding="utf-8").split()

# city, state, postal code, country, area codes of its made-up telephone numbers
CITIES = (
    ("Montréal", "QC", "H2X 1Y4", "CA", (514, 438)),
    ("Québec", "QC", "G1R 4P5", "CA", (418, 581)),
    ("Trois-Rivières", "QC", "G9A 2L9", "CA", (819, 873)),
    ("Toronto", "ON", "M5V 2T6", "CA", (416, 647)),
    ("Vancouver", "BC", "V6B 1A1", "CA", (604, 778)),
    ("New York", "NY", "10013", "US", (212, 646, 917)),
    ("Chicago", "IL", "60607", "US", (312, 773)),
    ("San José", "CA", "95113", "US", (408, 669)),
    ("Seattle", "WA", "98104", "US", (206, 425)),
    ("Austin", "TX", "78701", "US", (512, 737)),
    ("Cañon City", "CO", "81212", "US", (719, 303)),
    ("Española", "NM", "87532", "US", (505, 575)),
    ("Portland", "ME", "04101", "US", (207,)),
    ("Savannah", "GA", "31401", "US", (912, 404)),
    ("Minneapolis", "MN", "55401", "US", (612, 651)),
)

# A shop has one tablet at the till, used by everyone who joins the loyalty programme there.
STORES = (
    "Montréal Plateau",
    "Québec Vieux-Port",
    "New York Bowery",
    "Chicago Pilsen",
    "San José Downtown",
    "Seattle Ballard",
)
TABLETS = (
    "tablet-montreal-01",
    "tablet-quebec-01",
    "tablet-newyork-01",
    "tablet-chicago-01",
    "tablet-sanjose-01",
    "tablet-seattle-01",
)

# name, category, price
PRODUCTS = (
    ("Crème brûlée set", "kitchen", 34.0),
    ("Jalapeño corer", "kitchen", 9.5),
    ("Cast-iron skillet 26 cm", "kitchen", 59.0),
    ("Moka pot", "coffee", 31.5),
    ("Café filter papers", "coffee", 6.25),
    ("Burr grinder", "coffee", 119.0),
    ("Thyme & lemon candle", "home", 18.0),
    ("Linen apron", "textiles", 42.0),
    ("Tea towel, 3 pieces", "textiles", 21.0),
    ("Wool throw “Fjäll”", "textiles", 88.0),
    ("Oak chopping board", "kitchen", 47.5),
    ("Soufflé dish", "kitchen", 26.0),
    ("Enamel mug", "table", 12.0),
    ("Carafe, 1 l", "table", 24.0),
    ("Salt cellar", "table", 15.75),
    ("Herb scissors", "garden", 14.0),
    ("Seed tin", "garden", 11.0),
    ("Watering can 🌿", "garden", 38.0),
)

SUBJECTS = (
    "Summer tables ☀️",
    "New: the Fjäll collection",
    "Your basket misses you",
    "Café season is here ☕",
    "Last days: 30 % off linen",
    "A letter from the workshop ✉️",
)

AGENTS = ("Noémie", "Tariq", "Wren", "Zofia", "Caoimhe")
SENTIMENTS = ("positive", "positive", "neutral", "neutral", "neutral", "negative")
BROWSERS = ("Firefox 142", "Chrome 140", "Safari 19", "Edge 140")
CAMPAIGNS = ("summer-26", "linen-week", "brand-search", "friends")
