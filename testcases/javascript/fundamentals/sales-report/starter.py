import json
import sys

sales = json.load(sys.stdin)

report = {"sales": 0, "revenue": 0, "best": None, "units": {}}
for sale in sales:
    # Put this sale into the report.
    pass
print(json.dumps(report))
