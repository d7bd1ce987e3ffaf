package io.llmadapter.testkit;

import java.util.function.Supplier;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Starts a real adapter with simulated models before the tests of a class, and ends it after them.
 *
 * <pre>{@code
 * @RegisterExtension
 * static final AdapterExtension adapter = AdapterExtension.of(AdapterProcess.builder().tasks(Paths.get("tasks")));
 * }</pre>
 */
public final class AdapterExtension implements BeforeAllCallback, AfterAllCallback {

  private final Supplier<AdapterProcess.Builder> builder;
  private AdapterProcess running;

  private AdapterExtension(Supplier<AdapterProcess.Builder> builder) {
    this.builder = builder;
  }

  /** Returns an extension that starts this adapter. */
  public static AdapterExtension of(AdapterProcess.Builder builder) {
    return new AdapterExtension(() -> builder);
  }

  /** Returns an extension that starts the adapter that is described when the tests begin. */
  public static AdapterExtension of(Supplier<AdapterProcess.Builder> builder) {
    return new AdapterExtension(builder);
  }

  /** Returns the adapter that runs. */
  public AdapterProcess adapter() {
    if (running == null) {
      throw new IllegalStateException("The adapter runs only during the tests: register the extension in a static field.");
    }
    return running;
  }

  /** Returns the target for gRPC of the adapter that runs. */
  public String target() {
    return adapter().target();
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    running = builder.get().start();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    if (running != null) {
      running.close();
      running = null;
    }
  }
}
