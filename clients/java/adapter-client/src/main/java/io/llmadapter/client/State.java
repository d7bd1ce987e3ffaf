package io.llmadapter.client;

/** Where a job stands. */
public enum State {
  /** Stored, nobody works on it at the moment. */
  PENDING,
  /** Worked on. */
  RUNNING,
  /** Ended with an output that satisfies the task's contract. */
  SUCCEEDED,
  /** Ended without an output. */
  FAILED,
  /** Ended because somebody asked for it. */
  CANCELLED,
  /** Not known to this version of the client. */
  UNKNOWN;

  /** Returns the constant of a name as it stands in envelopes; UNKNOWN for null and for names of newer versions. */
  public static State of(String name) {
    return Names.find(values(), name, UNKNOWN);
  }

  /** Returns whether the job has ended: its outcome is recorded. */
  public boolean isFinal() {
    return this == SUCCEEDED || this == FAILED || this == CANCELLED;
  }
}
