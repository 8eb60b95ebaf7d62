// returns: nothing
// A number in a coat is an object with a function, whatever it says it is.
function add(a, b) {
  const value = new Number(42);
  value.valueOf = () => 42;
  return value;
}
