// prompt() belongs to browsers; Node knows no such function.
const [left, operator, right] = prompt("calculation?").split(" ");

if (operator === "+") {
  console.log(Number(left) + Number(right));
}
