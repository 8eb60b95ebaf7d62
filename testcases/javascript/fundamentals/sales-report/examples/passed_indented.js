// Another order of members, and one member in each line: the same JSON value.
const sales = JSON.parse(require("fs").readFileSync(0, "utf8"));

const counts = new Map();
for (const { product, units } of sales) {
  counts.set(product, units + (counts.get(product) || 0));
}
let best = null;
for (const [product, count] of counts) {
  const lead = best === null ? 1 : count - counts.get(best);
  if (lead > 0 || (lead === 0 && product < best)) {
    best = product;
  }
}
const report = {
  units: Object.fromEntries(counts),
  best,
  revenue: sales.reduce((sum, { units, cents }) => sum + units * cents, 0),
  sales: sales.length,
};
console.log(JSON.stringify(report, null, 4));
