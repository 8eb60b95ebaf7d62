import json
import sys
from collections import Counter

sales = json.load(sys.stdin)

units = Counter()
for sale in sales:
    units[sale["product"]] += sale["units"]

json.dump(
    {
        "sales": len(sales),
        "revenue": sum(sale["units"] * sale["cents"] for sale in sales),
        "best": min(units, key=lambda product: (-units[product], product), default=None),
        "units": units,
    },
    sys.stdout,
)
