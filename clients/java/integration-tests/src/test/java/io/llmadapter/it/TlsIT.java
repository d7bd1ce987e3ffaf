package io.llmadapter.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.llmadapter.client.AdapterClient;
import io.llmadapter.client.AdapterClientBuilder;
import io.llmadapter.client.AdapterException;
import io.llmadapter.client.JobRequest;
import io.llmadapter.client.Reasons;
import io.llmadapter.testkit.Answer;
import io.llmadapter.testkit.FakeAdapter;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TLS, mutual TLS and keys from the client's side, with a server that asks for all three. */
class TlsIT {

  private static final String KEY = "made-up-key-of-crm";

  @TempDir static Path folder;

  private static Certificate server;
  private static Certificate caller;
  private static FakeAdapter fake;

  @BeforeAll
  static void start() throws Exception {
    server = Certificate.create(folder, "server");
    caller = Certificate.create(folder, "caller");
    fake =
        FakeAdapter.builder()
            .tls(server.chain(), server.key())
            .requireClientCertificate(caller.chain())
            .requireApiKey(KEY)
            .start()
            .on(Parts.TASK, Answer.document("{}"));
  }

  @AfterAll
  static void stop() {
    fake.close();
  }

  @Test
  void aCallerWithTrustCertificateAndKeyIsServed() {
    try (AdapterClient client = trusting().clientCertificate(caller.chain(), caller.key()).apiKey(() -> KEY).build()) {
      assertEquals("{}", client.runJob(request()).json());
    }
  }

  @Test
  void aBearerTokenIsSentToo() {
    try (AdapterClient client = trusting().clientCertificate(caller.chain(), caller.key()).bearerToken(() -> KEY).build()) {
      assertEquals("{}", client.runJob(request()).json());
    }
  }

  @Test
  void aCallerWithAnotherKeyIsUnauthenticatedAndTheKeyIsNotTold() {
    try (AdapterClient client =
        trusting().clientCertificate(caller.chain(), caller.key()).apiKey(() -> "made-up-wrong-key").build()) {
      AdapterException failure = Parts.failure(() -> client.runJob(request()));
      assertEquals(Reasons.UNAUTHENTICATED, failure.reason());
      assertFalse(failure.toString().contains("made-up-wrong-key"));
    }
  }

  @Test
  void aCallerWithoutACertificateIsNotLetIn() {
    try (AdapterClient client = trusting().apiKey(() -> KEY).build()) {
      assertEquals(Reasons.CONNECTION_LOST, Parts.failure(() -> client.runJob(request())).reason());
    }
  }

  @Test
  void aServerThatIsNotTrustedIsNotSpokenTo() {
    int before = fake.requests().size();
    try (AdapterClient client = builder().trust(caller.chain()).clientCertificate(caller.chain(), caller.key()).apiKey(() -> KEY).build()) {
      AdapterException failure = Parts.failure(() -> client.runJob(request()));
      assertEquals(Reasons.CONNECTION_LOST, failure.reason());
      assertTrue(failure.getMessage().contains("certificat"), failure.getMessage());
    }
    assertEquals(before, fake.requests().size());
  }

  @Test
  void aServerOfAnotherNameIsNotSpokenTo() {
    try (AdapterClient client =
        trusting().authority("adapter.prod").clientCertificate(caller.chain(), caller.key()).apiKey(() -> KEY).build()) {
      assertEquals(Reasons.CONNECTION_LOST, Parts.failure(() -> client.runJob(request())).reason());
    }
  }

  @Test
  void plaintextToATlsPortFails() {
    try (AdapterClient client = builder().plaintext().apiKey(() -> KEY).build()) {
      assertEquals(Reasons.CONNECTION_LOST, Parts.failure(() -> client.runJob(request())).reason());
    }
  }

  private static AdapterClientBuilder trusting() {
    return builder().trust(server.chain());
  }

  private static AdapterClientBuilder builder() {
    return AdapterClient.builder().target(fake.target()).maxRetries(0);
  }

  private static JobRequest request() {
    return JobRequest.builder(Parts.TASK).json("{}").build();
  }
}
