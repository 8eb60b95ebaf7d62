// The parts are still text, and + joins texts: 2 + 3 becomes 23.
const [a, operator, b] = require("fs").readFileSync(0, "utf8").trim().split(" ");

if (operator === "+") console.log(a + b);
else if (operator === "-") console.log(a - b);
else if (operator === "*") console.log(a * b);
else if (operator === "/") console.log(b == 0 ? "division by zero" : Math.floor(a / b));
else if (operator === "%") console.log(b == 0 ? "division by zero" : a % b);
else console.log("unknown operator");
