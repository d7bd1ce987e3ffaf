package io.llmadapter.classpath;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.llmadapter.client.AdapterClient;
import io.llmadapter.testkit.FakeAdapter;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the shaded jars hold: nothing under a name that somebody else uses, nothing that Java 8 cannot read. */
class ShadedJarsIT {

  private static final int JAVA_8 = 52;
  private static final String NATIVE = "META-INF/native/libio_llmadapter_shaded_io_grpc_netty_shaded_netty_tcnative_linux_x86_64.so";

  @ParameterizedTest
  @ValueSource(classes = {AdapterClient.class, FakeAdapter.class})
  void everyClassHasANameOfOursAndIsReadByJava8(Class<?> ofTheJar) throws IOException {
    PublishedJar.of(ofTheJar).classVersions().forEach((name, version) -> {
      assertTrue(name.startsWith("io/llmadapter/"), name);
      assertTrue(version <= JAVA_8, name + " has version " + version);
      assertTrue(version == JAVA_8 || name.contains("/shaded/"), "only what others compiled may be older: " + name);
    });
  }

  @ParameterizedTest
  @ValueSource(classes = {AdapterClient.class, FakeAdapter.class})
  void everyServiceFileIsMergedAndNamesClassesThatAreThere(Class<?> ofTheJar) throws IOException {
    PublishedJar jar = PublishedJar.of(ofTheJar);
    List<String> services =
        jar.entries().stream().filter(name -> name.startsWith("META-INF/services/")).collect(Collectors.toList());
    assertFalse(services.isEmpty());
    for (String service : services) {
      assertTrue(service.startsWith("META-INF/services/io.llmadapter."), service);
      for (String implementation : jar.lines(service)) {
        assertTrue(jar.entries().contains(implementation.replace('.', '/') + ".class"), implementation);
      }
    }
  }

  @Test
  void bothNameResolversAndAllLoadBalancersAreFound() throws IOException {
    PublishedJar jar = PublishedJar.of(AdapterClient.class);
    String prefix = "META-INF/services/io.llmadapter.shaded.io.grpc.";
    assertTrue(jar.lines(prefix + "NameResolverProvider").size() >= 2, "dns and unix come from two jars");
    assertTrue(jar.lines(prefix + "LoadBalancerProvider").stream().anyMatch(name -> name.contains("RoundRobin")));
  }

  @Test
  void nettyFindsItsNativeCodeUnderTheNewName() throws Exception {
    assertTrue(PublishedJar.of(AdapterClient.class).entries().contains(NATIVE));
    Class<?> openSsl = Class.forName("io.llmadapter.shaded.io.grpc.netty.shaded.io.netty.handler.ssl.OpenSsl");
    Object cause = openSsl.getMethod("unavailabilityCause").invoke(null);
    assertEquals(null, cause);
    assertEquals(Boolean.TRUE, openSsl.getMethod("isAvailable").invoke(null));
  }
}
