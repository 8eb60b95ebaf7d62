// Types without end.
class A<T> { public class B<U> : A<B<B<U>>> { } }
class C<T> : C<C<C<T>>> { }
class Program { static void Main() { new A<int>.B<C<int>>.B<string>(); } }
