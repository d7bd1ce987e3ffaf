package io.llmadapter.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the published modules show: types of the JDK and of their own, each of them explained. */
class PublicApiTest {

  private static final Path MODULES = Paths.get("..");
  private static final Pattern PUBLIC = Pattern.compile("\\n( *)(?:@\\w+[^\\n]*\\n *)*public (?!static void main)[^\\n]*");
  private static final Pattern OPTION =
      Pattern.compile("/\\*\\*((?:(?!\\*/).)*)\\*/\\s*public \\w*Builder (\\w+)\\(", Pattern.DOTALL);

  @Test
  void theApiHasTypesOfTheJdkAndOfItsOwnOnly() throws Exception {
    Set<String> foreign = new TreeSet<>();
    for (Class<?> type : publicTypes()) {
      shownBy(type).forEach(shown -> {
        String name = shown.getName();
        if (!shown.isPrimitive() && !name.startsWith("java.") && !name.startsWith("io.llmadapter.client.")) {
          foreign.add(type.getSimpleName() + " shows " + name);
        }
      });
    }
    assertEquals(Collections.emptySet(), foreign);
  }

  @Test
  void everyPublicTypeAndMethodHasJavadoc() throws IOException {
    List<String> bare = new ArrayList<>();
    for (Path source : sources()) {
      String text = read(source);
      Matcher matcher = PUBLIC.matcher(text);
      while (matcher.find()) {
        boolean overrides = matcher.group().contains("@Override");
        if (!overrides && !text.substring(0, matcher.start()).trim().endsWith("*/")) {
          bare.add(source.getFileName() + ": " + matcher.group().trim());
        }
      }
    }
    assertEquals(Collections.emptyList(), bare);
  }

  @Test
  void theJavadocOfEveryBuilderOptionEndsWithItsDefault() throws IOException {
    int options = 0;
    for (Path source : sources()) {
      Matcher matcher = OPTION.matcher(read(source));
      while (matcher.find()) {
        if (matcher.group(2).equals("builder")) {
          continue;
        }
        options++;
        String[] sentences = matcher.group(1).replaceAll("\\s*\\n\\s*\\*\\s*", " ").split("Default:");
        assertTrue(sentences.length == 2, source.getFileName() + ": " + matcher.group(2) + " tells no default");
      }
    }
    assertTrue(options > 25, "only " + options + " options were found");
  }

  private static Stream<Class<?>> shownBy(Class<?> type) {
    Stream<Class<?>> ofMethods =
        Arrays.stream(type.getMethods())
            .filter(method -> method.getDeclaringClass() == type)
            .flatMap(PublicApiTest::types);
    Stream<Class<?>> ofConstructors =
        Arrays.stream(type.getConstructors()).map(Constructor::getParameterTypes).flatMap(Arrays::stream);
    Stream<Class<?>> ofFields = Arrays.stream(type.getFields()).map(Field::getType);
    return Stream.of(ofMethods, ofConstructors, ofFields, Stream.of(type.getSuperclass()))
        .flatMap(each -> each)
        .filter(shown -> shown != null)
        .map(shown -> shown.isArray() ? shown.getComponentType() : shown);
  }

  private static Stream<Class<?>> types(Method method) {
    return Stream.of(Stream.of(method.getReturnType()), Arrays.stream(method.getParameterTypes()), Arrays.stream(method.getExceptionTypes()))
        .flatMap(each -> each);
  }

  private static List<Class<?>> publicTypes() throws Exception {
    Path classes = Paths.get(AdapterClient.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    List<Class<?>> types = new ArrayList<>();
    try (Stream<Path> files = Files.walk(classes)) {
      for (Path file : (Iterable<Path>) files.filter(each -> each.toString().endsWith(".class"))::iterator) {
        String name = classes.relativize(file).toString().replace(".class", "").replace('/', '.');
        Class<?> type = Class.forName(name);
        if (Modifier.isPublic(type.getModifiers())) {
          types.add(type);
        }
      }
    }
    assertTrue(types.size() > 20, "only " + types.size() + " public types were found");
    return types;
  }

  private static List<Path> sources() throws IOException {
    try (Stream<Path> files = Files.walk(MODULES, 12)) {
      return files
          .filter(path -> path.toString().matches("\\.\\./adapter-[^/]+/src/main/java/.*\\.java"))
          .collect(Collectors.toList());
    }
  }

  private static String read(Path source) throws IOException {
    return new String(Files.readAllBytes(source), java.nio.charset.StandardCharsets.UTF_8);
  }
}
