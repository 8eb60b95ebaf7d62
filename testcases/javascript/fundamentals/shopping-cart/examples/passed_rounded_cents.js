// Prices are turned into cents by rounding, and back by toFixed.
class Cart {
  #positions = [];

  add(name, quantity, price) {
    this.#positions.push({ name, cents: quantity * Math.round(price * 100) });
  }

  bill() {
    const sum = this.#positions.reduce((cents, position) => cents + position.cents, 0);
    const discount = sum >= 10000 ? Math.trunc(sum / 10) : 0;
    const extra = discount ? [{ name: "discount", cents: discount }] : [];
    return [...this.#positions, ...extra, { name: "total", cents: sum - discount }];
  }
}

const cart = new Cart();
for (const line of require("fs").readFileSync(0, "utf8").trim().split("\n")) {
  const [name, quantity, price] = line.split(" ");
  cart.add(name, Number(quantity), Number(price));
}
for (const { name, cents } of cart.bill()) {
  console.log(`${name} ${(cents / 100).toFixed(2)}`);
}
