// Hooks that never end do not keep the verdict waiting where the program halts, nor threads where it does not.
public class Main {
    public static void main(String[] args) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> { for (;;) ; }));
        System.out.println("held");
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }
}
