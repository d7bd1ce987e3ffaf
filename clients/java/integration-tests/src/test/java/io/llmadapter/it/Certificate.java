package io.llmadapter.it;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;

/** A self-signed certificate for this machine and its key, made by the JDK's keytool, as PEM files. */
record Certificate(Path chain, Path key) {

  private static final char[] PASSWORD = "made-up-password".toCharArray();
  private static final Base64.Encoder LINES = Base64.getMimeEncoder(64, new byte[] {'\n'});

  static Certificate create(Path folder, String name) throws IOException, GeneralSecurityException, InterruptedException {
    Path store = folder.resolve(name + ".p12");
    Path keytool = Path.of(System.getProperty("java.home"), "bin", "keytool");
    List<String> command =
        List.of(
            keytool.toString(), "-genkeypair", "-alias", name, "-keystore", store.toString(), "-storetype", "PKCS12",
            "-storepass", String.valueOf(PASSWORD), "-dname", "CN=" + name, "-keyalg", "EC", "-groupname", "secp256r1",
            "-ext", "bc:critical=ca:true", "-ext", "san=dns:localhost,ip:127.0.0.1");
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes());
    if (process.waitFor() != 0) {
      throw new IOException("keytool failed: " + said);
    }
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream stream = Files.newInputStream(store)) {
      keys.load(stream, PASSWORD);
    }
    Path chain = write(folder.resolve(name + ".pem"), "CERTIFICATE", keys.getCertificate(name).getEncoded());
    Path key = write(folder.resolve(name + ".key"), "PRIVATE KEY", keys.getKey(name, PASSWORD).getEncoded());
    return new Certificate(chain, key);
  }

  private static Path write(Path file, String kind, byte[] content) throws IOException {
    String pem = "-----BEGIN " + kind + "-----\n" + LINES.encodeToString(content) + "\n-----END " + kind + "-----\n";
    return Files.writeString(file, pem);
  }
}
