// Types of types: how many there are doubles with each level.
import java.util.function.*;

public class Main {
    static <A, B> Function<A, B> f(Function<A, B> g) { return g; }
    static <T> T id(T t) { return t; }
    interface P<A, B> { }
    static <A> P<A, A> two(A a) { return null; }
    static <A> void take(P<A, ? extends P<? extends A, ?>> p) { }
    public static void main(String[] args) {
        take(two(two(two(two(two(two(two(two(two(two(two(two(two(two(two(two(two(two(two(two(two(two(two(two(two(two(id("x"))))))))))))))))))))))))))));
    }
}
