package io.llmadapter.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What an exception tells. */
class AdapterExceptionTest {

  private static final List<Violation> VIOLATIONS =
      IntStream.range(0, 7).mapToObj(number -> Violation.of("/lines/" + number, "minimum", "must be at least 1")).collect(Collectors.toList());

  @Test
  void theFieldsOfAFailureEnvelopeBecomeAnException() {
    AdapterException exception =
        AdapterException.ofFailure("j-1", "r-1", "INPUT_INVALID", "The record violates the contract.", "NO", VIOLATIONS);
    assertEquals(Reasons.INPUT_INVALID, exception.reason());
    assertFalse(exception.isRetryable());
    assertEquals(VIOLATIONS, exception.violations());
    assertEquals(Optional.of("j-1"), exception.jobId());
    assertEquals(Optional.of("r-1"), exception.requestId());
  }

  @Test
  void theMessageNamesReasonRequestAndTheFirstViolations() {
    String message =
        AdapterException.ofFailure("", "r-1", "INPUT_INVALID", "The record is wrong.", "NO", VIOLATIONS).getMessage();
    assertTrue(message.startsWith("INPUT_INVALID: The record is wrong. [/lines/0: must be at least 1 (minimum)]"), message);
    assertTrue(message.endsWith(" … 2 more (request r-1)"), message);
  }

  @Test
  void aWordOfANewerVersionIsUnknownAndNotRetried() {
    AdapterException exception = AdapterException.ofFailure(null, null, "NEW_REASON", "New.", "MAYBE", Collections.emptyList());
    assertEquals(Retryable.UNKNOWN, exception.retryable());
    assertFalse(exception.isRetryable());
    assertEquals(Optional.empty(), exception.jobId());
  }

  @Test
  void anExceptionSurvivesSerialisation() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(AdapterException.ofFailure("j-1", "r-1", "OVERLOADED", "Full.", "YES", VIOLATIONS));
    }
    try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      AdapterException read = (AdapterException) in.readObject();
      assertTrue(read.isRetryable());
      assertEquals(VIOLATIONS, read.violations());
    }
  }

  @Test
  void violationsCannotBeChanged() {
    AdapterException exception = AdapterException.ofFailure("", "", "INPUT_INVALID", "Wrong.", "NO", VIOLATIONS);
    assertThrows(UnsupportedOperationException.class, () -> exception.violations().clear());
  }
}
