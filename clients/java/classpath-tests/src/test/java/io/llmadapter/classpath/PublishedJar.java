package io.llmadapter.classpath;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Map;
import java.util.Scanner;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Collectors;

/** A jar as it is published, to look into. */
final class PublishedJar {

  private static final int CLASS_FILE = 0xCAFEBABE;

  private final Path path;

  private PublishedJar(Path path) {
    this.path = path;
  }

  /** Returns the jar that a class came from. */
  static PublishedJar of(Class<?> loaded) {
    try {
      return new PublishedJar(Paths.get(loaded.getProtectionDomain().getCodeSource().getLocation().toURI()));
    } catch (URISyntaxException exception) {
      throw new IllegalStateException(exception);
    }
  }

  String name() {
    return path.getFileName().toString();
  }

  Set<String> entries() throws IOException {
    try (JarFile jar = new JarFile(path.toFile())) {
      return jar.stream().map(JarEntry::getName).filter(name -> !name.endsWith("/")).collect(Collectors.toCollection(TreeSet::new));
    }
  }

  /** Returns the lines of an entry. */
  Set<String> lines(String entry) throws IOException {
    Set<String> lines = new TreeSet<>();
    try (JarFile jar = new JarFile(path.toFile());
        Scanner scanner = new Scanner(jar.getInputStream(jar.getEntry(entry)), "UTF-8")) {
      while (scanner.hasNextLine()) {
        lines.add(scanner.nextLine());
      }
    }
    return lines;
  }

  /** Returns the version of each of its classes: 52 is Java 8. */
  Map<String, Integer> classVersions() throws IOException {
    Map<String, Integer> versions = new TreeMap<>();
    try (JarFile jar = new JarFile(path.toFile())) {
      for (JarEntry entry : (Iterable<JarEntry>) jar.stream().filter(each -> each.getName().endsWith(".class"))::iterator) {
        versions.put(entry.getName(), version(jar.getInputStream(entry), entry.getName()));
      }
    }
    return versions;
  }

  private static int version(InputStream stream, String name) throws IOException {
    try (DataInputStream data = new DataInputStream(stream)) {
      if (data.readInt() != CLASS_FILE) {
        throw new IllegalStateException(name + " is no class file");
      }
      data.readUnsignedShort();
      return data.readUnsignedShort();
    }
  }
}
