const [left, operator, right] = require("fs").readFileSync(0, "utf8").trim().split(/\s+/);
const a = Number(left);
const b = Number(right);

function calculate() {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return b === 0 ? "division by zero" : Math.floor(a / b);
    case "%":
      return b === 0 ? "division by zero" : a % b;
    default:
      return "unknown operator";
  }
}

console.log(String(calculate()));
