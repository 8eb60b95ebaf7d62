// Read one line: a number, an operator, a number.
const [left, operator, right] = require("fs").readFileSync(0, "utf8").trim().split(" ");

// Turn left and right into numbers, look at the operator, and print the result.
console.log(left);
