// The sales are the array itself; it has no member "sales", and undefined cannot be walked through.
const input = JSON.parse(require("fs").readFileSync(0, "utf8"));

let revenue = 0;
for (const sale of input.sales) {
  revenue += sale.units * sale.cents;
}
console.log(JSON.stringify({ sales: input.sales.length, revenue, best: null, units: {} }));
