package io.llmadapter.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which calls are repeated, and after how long. */
class RetriesTest {

  private static final Retries RETRIES = new Retries(4, Duration.ofMillis(200), Duration.ofSeconds(5));

  @Test
  void anUnavailableAdapterIsAskedAgainAfterAPauseThatDoubles() {
    assertBetween(100, 200, delay(Status.UNAVAILABLE, null, 0));
    assertBetween(200, 400, delay(Status.UNAVAILABLE, null, 1));
    assertBetween(400, 800, delay(Status.UNAVAILABLE, null, 2));
  }

  @Test
  void thePauseHasALimit() {
    Retries patient = new Retries(100, Duration.ofMillis(200), Duration.ofSeconds(5));
    assertBetween(2500, 5000, patient.delayMillis(Status.UNAVAILABLE, null, 99).orElse(-1));
  }

  @Test
  void whatTheAdapterSaysCountsAndIsSpreadALittle() {
    assertBetween(7000, 7700, delay(Status.UNAVAILABLE, "7000", 0));
    assertBetween(7000, 7700, delay(Status.RESOURCE_EXHAUSTED, "7000", 3));
  }

  @Test
  void aMessageThatIsTooLargeIsNotSentAgain() {
    assertEquals(OptionalLong.empty(), RETRIES.delayMillis(Status.RESOURCE_EXHAUSTED, new Metadata(), 0));
    assertEquals(OptionalLong.empty(), RETRIES.delayMillis(Status.RESOURCE_EXHAUSTED, null, 0));
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "soon", ""})
  void whatForbidsARetryOrCannotBeReadForbidsIt(String pushback) {
    assertEquals(OptionalLong.empty(), RETRIES.delayMillis(Status.UNAVAILABLE, pushback(pushback), 0));
  }

  @Test
  void theRetriesAreBounded() {
    assertTrue(RETRIES.delayMillis(Status.UNAVAILABLE, null, 3).isPresent());
    assertEquals(OptionalLong.empty(), RETRIES.delayMillis(Status.UNAVAILABLE, null, 4));
  }

  @ParameterizedTest
  @EnumSource(value = Status.Code.class, mode = EnumSource.Mode.EXCLUDE, names = {"UNAVAILABLE", "RESOURCE_EXHAUSTED"})
  void nothingElseIsRepeated(Status.Code code) {
    assertEquals(OptionalLong.empty(), RETRIES.delayMillis(code.toStatus(), pushback("10"), 0));
  }

  private static long delay(Status status, String pushback, int done) {
    return RETRIES.delayMillis(status, pushback == null ? null : pushback(pushback), done).orElse(-1);
  }

  private static Metadata pushback(String value) {
    Metadata trailers = new Metadata();
    trailers.put(Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER), value);
    return trailers;
  }

  private static void assertBetween(long least, long most, long value) {
    assertTrue(least <= value && value <= most, value + " is not within " + least + " and " + most);
  }
}
