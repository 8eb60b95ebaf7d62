// "fizz" is a name nobody declared: ReferenceError, from the very first number.
const n = Number(require("fs").readFileSync(0, "utf8"));
for (let i = 1; i <= n; i++) {
  const word = i % 3 === 0 ? "Fizz" : fizz;
  console.log(i % 5 === 0 ? word + "Buzz" : word);
}
