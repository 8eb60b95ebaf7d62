// A syntax error told by the compiler, with escapes for the terminal in it.
let [2J = ];
