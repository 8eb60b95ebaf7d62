// An arrow function, handed out the way a module does it.
const describe = (numbers) => {
  if (numbers.length === 0) return null;
  const ordered = Float64Array.from(numbers).sort();
  const at = (position) => ordered[Math.floor(position)];
  const last = ordered.length - 1;
  let sum = 0;
  for (const number of ordered) sum += number;
  return [ordered[0], ordered[last], sum / ordered.length, (at(last / 2) + at((last + 1) / 2)) / 2];
};

module.exports = { describe };
