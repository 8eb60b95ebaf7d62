const sales = JSON.parse(require("fs").readFileSync(0, "utf8"));

const report = { sales: 0, revenue: 0, best: null, units: {} };
for (const { product, units, cents } of sales) {
  // Put this sale into the report.
}
console.log(JSON.stringify(report));
