package com.acme.monolith;

import io.llmadapter.amqp.AdapterRabbit;
import io.llmadapter.amqp.JobReply;
import io.llmadapter.amqp.RequestProperties;
import io.llmadapter.client.AdapterException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import llmadapter.extractinvoice.BookingRecord;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;

/** Sends invoices by queue and books what comes back. A real monolith keeps both in its database. */
@RestController
public class Invoices {

  private static final String PREFIX = "invoice-";

  private final AdapterRabbit adapter;
  private final Map<String, Map<String, Object>> ledger = new ConcurrentHashMap<>();

  public Invoices(AdapterRabbit adapter) {
    this.adapter = adapter;
  }

  /** Takes the mail with the invoice, byte for byte, with its own type and charset. Send it again as often as you like. */
  @PostMapping("/invoices/{number}")
  public ResponseEntity<Map<String, Object>> send(
      @PathVariable("number") String number,
      @RequestBody byte[] mail,
      @RequestHeader("content-type") String contentType) {
    ledger.putIfAbsent(number, entry("PENDING"));
    RequestProperties request =
        RequestProperties.of(PREFIX + number).replyTo(Monolith.REPLIES).contentType(contentType);
    adapter.send("extract-invoice", MessageBuilder.withBody(mail).build(), request);
    return ResponseEntity.status(HttpStatus.ACCEPTED).body(ledger.get(number));
  }

  @GetMapping("/invoices/{number}")
  public ResponseEntity<Map<String, Object>> show(@PathVariable("number") String number) {
    return ResponseEntity.of(Optional.ofNullable(ledger.get(number)));
  }

  /** Every outcome comes here. The same one may come more than once: booking it again changes nothing. */
  @RabbitListener(queues = Monolith.REPLIES, containerFactory = "adapterListenerContainerFactory")
  public void onReply(JobReply<BookingRecord> reply) {
    ledger.put(reply.requestId().substring(PREFIX.length()), entryOf(reply));
  }

  private static Map<String, Object> entryOf(JobReply<BookingRecord> reply) {
    switch (reply.outcome()) {
      case SUCCEEDED:
        Map<String, Object> booked = entry("BOOKED");
        booked.put("to_pay", reply.document().grossTotal());
        booked.put("record", reply.document().toMap());
        return booked;
      case REVIEW:
        return entry("WAITS_FOR_A_CLERK");
      default:
        AdapterException error = reply.error().get();
        Map<String, Object> failed = entry("REFUSED");
        failed.put("reason", error.reason());
        failed.put("job", reply.jobId());
        return failed;
    }
  }

  private static Map<String, Object> entry(String state) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("state", state);
    return entry;
  }
}
