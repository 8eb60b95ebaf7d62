import java.io.File;
import java.io.FileInputStream;
import java.net.InetSocketAddress;
import java.net.Socket;

public class Main {
    public static void main(String[] args) throws Exception {
        boolean held = System.getenv().keySet().stream().noneMatch(name -> name.contains("CODEZEST"));
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("1.1.1.1", 80), 1000);
            held = false;
        } catch (java.io.IOException expected) {
        }
        try (FileInputStream file = new FileInputStream("/proc/1/environ")) {
            held = false;
        } catch (java.io.IOException expected) {
        }
        held &= !new File("/usr/x").mkdir() && !new File("/root").exists();
        System.out.println(held ? "held" : "escaped");
    }
}
