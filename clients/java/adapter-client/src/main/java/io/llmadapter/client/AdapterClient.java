package io.llmadapter.client;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Runs, submits, watches and cancels jobs of an llm-adapter. Safe for many threads; one per process is enough, and it is
 * closed at the end.
 *
 * <p>Every call has a deadline. A call that fails because the adapter cannot be reached, or asks for patience, is repeated
 * with the same request id until it succeeds, the retries are used up or its deadline would pass; a model is paid once.
 */
public interface AdapterClient extends AutoCloseable {

  /** Begins a client. */
  static AdapterClientBuilder builder() {
    return new AdapterClientBuilder();
  }

  /**
   * Runs a task and waits for the outcome.
   *
   * @throws AdapterException if there is no output, or with REVIEW_NEEDED if the request does not accept one under review
   */
  JobResult runJob(JobRequest request);

  /**
   * As {@link #runJob}, without waiting. The future fails with an {@link AdapterException}; cancelling it ends the call, not
   * the job.
   */
  CompletableFuture<JobResult> runJobAsync(JobRequest request);

  /**
   * Checks the record, stores the job and returns it, PENDING or, if the request was known already, as it stands. What was
   * stored survives a crash. The result goes to the result exchange; {@link #getJob} and {@link #watchJob} show it too.
   *
   * @throws AdapterException if the record is refused; then nothing is stored
   */
  default Job submitJob(JobRequest request) {
    return submitJob(request, SubmitOptions.none());
  }

  /**
   * As {@link #submitJob(JobRequest)}; the result goes where the options say.
   *
   * @throws AdapterException if the record or the reply address is refused; then nothing is stored
   */
  Job submitJob(JobRequest request, SubmitOptions options);

  /**
   * Returns a job as it stands; a failed job is an answer, not an exception.
   *
   * @throws AdapterException with JOB_NOT_FOUND, also for a request that is still in a queue of the broker
   */
  Job getJob(JobKey key);

  /**
   * Watches a job until its outcome; continues by itself after a lost connection.
   *
   * @param deadline how long to watch at most
   * @param listener told of each change of state and each step, one at a time, on a thread of the client; what it throws ends
   *     the watch
   */
  JobWatch watchJob(JobKey key, Duration deadline, Consumer<JobEvent> listener);

  /**
   * Stops a job and its model call. An outcome that is already recorded wins and is returned.
   *
   * @return the job as it stands: CANCELLED, with the outcome it already had, or RUNNING while its worker is being told
   * @throws AdapterException with JOB_NOT_FOUND
   */
  Job cancelJob(JobKey key);

  /**
   * Stops the job of a request, as {@link #cancelJob}, even if the request has not arrived yet, for example because it is
   * still in a queue: then it will be answered as CANCELLED.
   */
  Job cancelRequest(String requestId);

  /** Ends the connections. Calls that still run get five seconds, then fail with CALL_ABANDONED. */
  @Override
  void close();
}
