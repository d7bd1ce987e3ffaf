package io.llmadapter.classpath;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.base.Joiner;
import com.google.common.base.Preconditions;
import com.google.gson.Gson;
import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import io.llmadapter.client.AdapterClient;
import io.llmadapter.client.AdapterException;
import io.llmadapter.client.JobRequest;
import io.llmadapter.client.Reasons;
import io.llmadapter.testkit.Answer;
import io.llmadapter.testkit.FakeAdapter;
import io.llmadapter.testkit.FakeAdapterExtension;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** One class path with Guava 11, protobuf 2.6, Netty 4.0, Gson 1.7 and gRPC 1.0: each works, and so does the client. */
class OldLibrariesIT {

  @RegisterExtension static final FakeAdapterExtension ADAPTER = new FakeAdapterExtension();

  @Test
  void theClassPathHasTheOldLibraries() {
    assertEquals("guava-11.0.2.jar", PublishedJar.of(Preconditions.class).name());
    assertEquals("protobuf-java-2.6.1.jar", PublishedJar.of(ByteString.class).name());
    assertEquals("netty-all-4.0.23.Final.jar", PublishedJar.of(ByteBuf.class).name());
    assertEquals("grpc-core-1.0.3.jar", PublishedJar.of(io.grpc.Status.class).name());
    // What gRPC of today calls, and every old monolith lacks.
    assertThrows(
        NoSuchMethodException.class,
        () -> Preconditions.class.getMethod("checkArgument", boolean.class, String.class, char.class, Object.class));
  }

  @Test
  void theOldLibrariesAndTheClientWorkInOneProgram() throws Exception {
    FakeAdapter fake = ADAPTER.fake().on("classify-ticket", Answer.document("{\"category\":\"BILLING\"}"));
    try (AdapterClient client = client(fake)) {
      String json = client.runJob(JobRequest.builder("classify-ticket").json("{}").build()).json();
      assertEquals("BILLING", new Gson().fromJson(json, Category.class).category);
    }
    FileDescriptorProto old = FileDescriptorProto.newBuilder().setName("a.proto").build();
    assertEquals(old, FileDescriptorProto.parseFrom(old.toByteArray()));
    assertEquals(4, Unpooled.buffer().writeInt(7).readableBytes());
    assertEquals("a-b", Joiner.on('-').join(Arrays.asList("a", "b")));
  }

  @Test
  void anErrorWithItsDetailsArrives() {
    Answer failure = Answer.failure("OUTPUT_INVALID", "The replies violate the contract.").violation("/category", "enum", "is none of these");
    FakeAdapter fake = ADAPTER.fake().on("classify-ticket", failure);
    try (AdapterClient client = client(fake)) {
      JobRequest request = JobRequest.builder("classify-ticket").json("{}").build();
      AdapterException exception = assertThrows(AdapterException.class, () -> client.runJob(request));
      assertEquals(Reasons.OUTPUT_INVALID, exception.reason());
      assertEquals("/category", exception.violations().get(0).pointer());
      assertTrue(exception.jobId().isPresent());
      assertFalse(exception.isRetryable());
    }
  }

  private static AdapterClient client(FakeAdapter fake) {
    return AdapterClient.builder().target(fake.target()).plaintext().build();
  }

  private static final class Category {
    private String category;
  }
}
