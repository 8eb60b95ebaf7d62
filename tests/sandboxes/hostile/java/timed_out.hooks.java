// A hook that never ends keeps the program from ending, and not from being ended.
public class Main {
    public static void main(String[] args) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> { for (;;) ; }));
    }
}
