package io.llmadapter.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.llmadapter.client.AdapterClient;
import io.llmadapter.client.AdapterException;
import io.llmadapter.client.Job;
import io.llmadapter.client.JobKey;
import io.llmadapter.client.JobRequest;
import io.llmadapter.client.Reasons;
import io.llmadapter.client.Retryable;
import io.llmadapter.testkit.AdapterExtension;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A running adapter that knows its clients by their keys. */
class KeysIT {

  private static final String KEY = "made-up-key-of-crm";
  private static final String OTHER_KEY = "made-up-key-of-billing";

  @TempDir static Path folder;

  @RegisterExtension
  static final AdapterExtension ADAPTER =
      AdapterExtension.of(() -> Parts.adapter().setting("auth.keys", "file:" + keys()));

  @Test
  void aKeyOfTheKeysFileIsAClient() {
    try (AdapterClient client = client(KEY)) {
      assertEquals("crm", client.runJob(Parts.ticket().build()).job().client());
    }
  }

  @Test
  void whoHasNoKeyIsUnauthenticated() {
    try (AdapterClient client = Parts.client(ADAPTER.target())) {
      AdapterException failure = Parts.failure(() -> client.runJob(Parts.ticket().build()));
      assertEquals(Reasons.UNAUTHENTICATED, failure.reason());
      assertEquals(Retryable.FIX, failure.retryable());
    }
  }

  @Test
  void aTaskOfOthersIsDenied() {
    try (AdapterClient client = client(OTHER_KEY)) {
      AdapterException failure = Parts.failure(() -> client.runJob(Parts.ticket().build()));
      assertEquals(Reasons.PERMISSION_DENIED, failure.reason());
      assertFalse(failure.toString().contains(OTHER_KEY));
    }
  }

  @Test
  void theJobOfAnotherClientIsNotFound() {
    try (AdapterClient owner = client(KEY); AdapterClient other = client(OTHER_KEY)) {
      Job job = owner.submitJob(Parts.ticket().build());
      assertEquals(Reasons.JOB_NOT_FOUND, Parts.failure(() -> other.getJob(JobKey.ofJobId(job.jobId()))).reason());
    }
  }

  @Test
  void theSameRequestIdOfTwoClientsIsTwoJobs() {
    try (AdapterClient crm = client(KEY); AdapterClient billing = client(OTHER_KEY)) {
      JobRequest request = Parts.ticket().build();
      crm.runJob(request);
      assertEquals(
          Reasons.JOB_NOT_FOUND, Parts.failure(() -> billing.getJob(JobKey.ofRequestId(request.requestId()))).reason());
    }
  }

  private static AdapterClient client(String key) {
    return AdapterClient.builder().target(ADAPTER.target()).plaintext().apiKey(() -> key).build();
  }

  private static Path keys() {
    String file =
        "- {name: crm, key_sha256: " + digest(KEY) + ", tasks: [classify-ticket]}\n"
            + "- {name: billing, key_sha256: " + digest(OTHER_KEY) + ", tasks: [extract-invoice]}\n";
    try {
      return Files.writeString(folder.resolve("keys.yaml"), file);
    } catch (IOException exception) {
      throw new UncheckedIOException(exception);
    }
  }

  private static String digest(String key) {
    try {
      byte[] sum = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(sum);
    } catch (NoSuchAlgorithmException exception) {
      throw new IllegalStateException(exception);
    }
  }
}
