package io.llmadapter.client;

import java.util.List;
import java.util.stream.Collectors;

/** What the wire says of errors, as values. */
final class Answers {

  private Answers() {}

  static JobError error(io.llmadapter.v1.JobError wire) {
    Retryable retryable = Names.find(Retryable.values(), wire.getRetryable(), "RETRYABLE_", Retryable.UNKNOWN);
    List<Violation> violations =
        wire.getViolationsList().stream()
            .map(each -> Violation.of(each.getPointer(), each.getRule(), each.getMessage()))
            .collect(Collectors.toList());
    return JobError.of(wire.getReason(), wire.getMessage(), retryable, violations);
  }
}
