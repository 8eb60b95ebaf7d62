public class Main {
    public static void main(String[] args) {
        for (;;) {
            try {
                Thread thread = new Thread(() -> { for (;;); });
                thread.start();
            } catch (OutOfMemoryError limit) {
            }
        }
    }
}
