package io.llmadapter.client;

/** One step of a running job. Never holds any part of a reply. */
public final class JobProgress {

  private final io.llmadapter.v1.Progress wire;

  JobProgress(io.llmadapter.v1.Progress wire) {
    this.wire = wire;
  }

  /** What a step of a running job is. */
  public enum Kind {
    /** A model call was sent. */
    CALL_STARTED,
    /** The job waits, for example for a model that is down or over its limit. */
    WAITING,
    /** A reply broke the contract, and the model is asked again. */
    REPAIR,
    /** Not known to this version of the client. */
    UNKNOWN
  }

  /** Returns the id of the job. */
  public String jobId() {
    return wire.getJobId();
  }

  /** Returns what happens. */
  public Kind kind() {
    return Names.find(Kind.values(), wire.getKind(), "PROGRESS_KIND_", Kind.UNKNOWN);
  }

  /** Returns the configured name of the model it happens with; empty: none yet. */
  public String model() {
    return wire.getModel();
  }

  /** Returns why, in words for developers: what is waited for, or what has to be repaired. */
  public String detail() {
    return wire.getDetail();
  }

  @Override
  public String toString() {
    return kind() + (model().isEmpty() ? "" : " " + model()) + (detail().isEmpty() ? "" : ": " + detail());
  }
}
