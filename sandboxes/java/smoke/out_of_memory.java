import java.util.ArrayList;

public class Main {
    public static void main(String[] args) {
        ArrayList<byte[]> held = new ArrayList<>();
        for (;;) held.add(new byte[1000000]);
    }
}
