package io.llmadapter.testkit;

import com.google.protobuf.Timestamp;
import java.time.Instant;

/** The time, as the wire has it. */
final class FakeTimes {

  private FakeTimes() {}

  static Timestamp now() {
    Instant now = Instant.now();
    return Timestamp.newBuilder().setSeconds(now.getEpochSecond()).setNanos(now.getNano()).build();
  }
}
