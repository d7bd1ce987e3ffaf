package io.llmadapter.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.llmadapter.client.AdapterClient;
import io.llmadapter.client.AdapterClientBuilder;
import io.llmadapter.client.AdapterException;
import io.llmadapter.client.Job;
import io.llmadapter.client.JobKey;
import io.llmadapter.client.JobRequest;
import io.llmadapter.client.Reasons;
import io.llmadapter.client.Retryable;
import io.llmadapter.testkit.AdapterExtension;
import io.llmadapter.testkit.AdapterProcess;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A running adapter behind mutual TLS, which knows its clients by certificate or by key. */
class DoorsIT {

  private static final String KEY = "made-up-key-of-crm";
  private static final String OTHER_KEY = "made-up-key-of-billing";

  @TempDir static Path folder;

  @RegisterExtension static final AdapterExtension ADAPTER = AdapterExtension.of(DoorsIT::guarded);

  private static Certificate server;
  private static Certificate crm;
  private static Certificate stranger;

  @Test
  void aCertificateOfTheKeysFileIsAClient() {
    try (AdapterClient client = with(crm).build()) {
      assertEquals("crm", client.runJob(Parts.ticket().build()).job().client());
    }
  }

  @Test
  void aKeyIsTheSameClientAsItsCertificate() {
    JobRequest request = Parts.ticket().build();
    try (AdapterClient byCertificate = with(crm).build(); AdapterClient byKey = with(stranger).apiKey(() -> KEY).build()) {
      String first = byCertificate.runJob(request).job().jobId();
      assertEquals(first, byKey.runJob(request).job().jobId());
    }
  }

  @Test
  void aBearerTokenGoesWhereAKeyGoes() {
    try (AdapterClient client = with(stranger).bearerToken(() -> KEY).build()) {
      assertEquals("crm", client.runJob(Parts.ticket().build()).job().client());
    }
  }

  @Test
  void whoIsKnownByNeitherIsUnauthenticated() {
    try (AdapterClient client = with(stranger).build()) {
      AdapterException failure = Parts.failure(() -> client.runJob(Parts.ticket().build()));
      assertEquals(Reasons.UNAUTHENTICATED, failure.reason());
      assertEquals(Retryable.FIX, failure.retryable());
    }
  }

  @Test
  void aWrongKeyIsUnauthenticatedAndNotTold() {
    try (AdapterClient client = with(crm).apiKey(() -> "made-up-wrong-key").build()) {
      AdapterException failure = Parts.failure(() -> client.runJob(Parts.ticket().build()));
      assertEquals(Reasons.UNAUTHENTICATED, failure.reason());
      assertFalse(failure.toString().contains("made-up-wrong-key"));
    }
  }

  @Test
  void aTaskOfOthersIsDenied() {
    try (AdapterClient client = with(stranger).apiKey(() -> OTHER_KEY).build()) {
      AdapterException failure = Parts.failure(() -> client.runJob(Parts.ticket().build()));
      assertEquals(Reasons.PERMISSION_DENIED, failure.reason());
    }
  }

  @Test
  void theJobOfAnotherClientIsNotFound() {
    try (AdapterClient owner = with(crm).build(); AdapterClient other = with(stranger).apiKey(() -> OTHER_KEY).build()) {
      Job job = owner.submitJob(Parts.ticket().build());
      assertEquals(Reasons.JOB_NOT_FOUND, Parts.failure(() -> other.getJob(JobKey.ofJobId(job.jobId()))).reason());
    }
  }

  @Test
  void noCertificateAnotherAuthorityOrNoTlsDoesNotGetIn() {
    for (AdapterClientBuilder builder :
        new AdapterClientBuilder[] {
          base().trust(server.chain()), base().trust(crm.chain()).clientCertificate(crm.chain(), crm.key()), base().plaintext()
        }) {
      try (AdapterClient client = builder.apiKey(() -> KEY).build()) {
        assertEquals(Reasons.CONNECTION_LOST, Parts.failure(() -> client.runJob(Parts.ticket().build())).reason());
      }
    }
  }

  private static AdapterClientBuilder with(Certificate certificate) {
    return base().trust(server.chain()).clientCertificate(certificate.chain(), certificate.key());
  }

  private static AdapterClientBuilder base() {
    return AdapterClient.builder().target(ADAPTER.target()).maxRetries(0);
  }

  private static AdapterProcess.Builder guarded() {
    try {
      server = Certificate.create(folder, "server");
      crm = Certificate.create(folder, "crm");
      stranger = Certificate.create(folder, "stranger");
      Path authorities =
          Files.writeString(folder.resolve("clients.pem"), Files.readString(crm.chain()) + Files.readString(stranger.chain()));
      Path keys = Files.writeString(folder.resolve("keys.yaml"), keys());
      return Parts.adapter()
          .setting("grpc.tls.certificate", server.chain().toString())
          .setting("grpc.tls.key", server.key().toString())
          .setting("grpc.tls.client_ca", authorities.toString())
          .setting("auth.keys", "file:" + keys);
    } catch (Exception exception) {
      throw new IllegalStateException("The certificates could not be made.", exception);
    }
  }

  private static String keys() throws NoSuchAlgorithmException {
    return """
        - {name: crm, key_sha256: %s, certificate: {subject: "CN=crm"}, tasks: [classify-ticket]}
        - {name: billing, key_sha256: %s, tasks: [extract-invoice]}
        """
        .formatted(digest(KEY), digest(OTHER_KEY));
  }

  private static String digest(String key) throws NoSuchAlgorithmException {
    byte[] sum = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(sum);
  }
}
