// A type that needs itself, by two ways.
type A<T, N extends number> = { [K in keyof T]: B<A<T, N>, N> };
type B<T, N extends number> = T extends object ? A<B<T[keyof T], N>, N> | B<A<T, N>, N> : never;
interface Node<T> { left: Node<Node<T>>; right: Node<T[]>; value: A<Node<T>, 3> }
declare let one: Node<string>;
declare let two: Node<number>;
one = two;
const three: B<typeof one, 4> = two;
