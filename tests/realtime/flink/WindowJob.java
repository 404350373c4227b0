import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.streaming.api.functions.source.legacy.RichSourceFunction;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.EventTimeSessionWindows;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.WindowAssigner;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;

/**
 * The job under test: counts of events by key and window, from one Redis stream into another. Arguments: host, port, input, output,
 * kind (tumbling, sliding, session), size in ms, slide or gap in ms, allowed lateness in ms.
 *
 * <p>The position in the stream is state of a checkpoint, so that a restored job reads on from there. A window that is fired again says
 * the same or a newer count under the same key and start. What no window takes goes to the side output, and out as {"too_late": number}.
 */
public class WindowJob {
    /** Number, key and time in ms; key "" is the end, whose time is beyond all others. A body that is no event passes as it is. */
    public static class Event {
        public long number;
        public String key;
        public long time;
        public String body;

        public Event() {}

        public Event(long number, String key, long time, String body) {
            this.number = number;
            this.key = key;
            this.time = time;
            this.body = body;
        }
    }

    /** As much of the Redis protocol as XREAD and XADD need. */
    static class Redis implements AutoCloseable {
        private final Socket socket;
        private final InputStream in;

        Redis(String host, int port) throws IOException {
            socket = new Socket(host, port);
            socket.setTcpNoDelay(true);
            in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
        }

        Object call(String... words) throws IOException {
            StringBuilder text = new StringBuilder("*" + words.length + "\r\n");
            for (String word : words) {
                text.append('$').append(word.getBytes(StandardCharsets.UTF_8).length).append("\r\n").append(word).append("\r\n");
            }
            socket.getOutputStream().write(text.toString().getBytes(StandardCharsets.UTF_8));
            return answer();
        }

        private String line() throws IOException {
            StringBuilder text = new StringBuilder();
            for (int c = in.read(); c != '\r'; c = in.read()) {
                if (c < 0) {
                    throw new IOException("Redis ended the connection");
                }
                text.append((char) c);
            }
            in.read();
            return text.toString();
        }

        private Object answer() throws IOException {
            String head = line();
            int count = head.charAt(0) == '*' || head.charAt(0) == '$' ? Integer.parseInt(head.substring(1)) : 0;
            switch (head.charAt(0)) {
                case '$':
                    if (count < 0) {
                        return null;
                    }
                    byte[] body = in.readNBytes(count + 2);
                    return new String(body, 0, count, StandardCharsets.UTF_8);
                case '*':
                    if (count < 0) {
                        return null;
                    }
                    List<Object> items = new ArrayList<>();
                    for (int i = 0; i < count; i++) {
                        items.add(answer());
                    }
                    return items;
                case '-':
                    throw new IOException(head);
                default:
                    return head.substring(1);
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    static class Source extends RichSourceFunction<Event> implements CheckpointedFunction {
        private static final Pattern EVENT = Pattern.compile("\"n\": (\\d+), \"key\": \"(.*?)\", \"time\": ([\\d.]+)");
        private final String host;
        private final int port;
        private final String stream;
        private volatile boolean running = true;
        private String last = "0-0";
        private transient ListState<String> saved;

        Source(String host, int port, String stream) {
            this.host = host;
            this.port = port;
            this.stream = stream;
        }

        @Override
        public void run(SourceContext<Event> context) throws Exception {
            try (Redis redis = new Redis(host, port)) {
                while (running) {
                    Object found = redis.call("XREAD", "COUNT", "1000", "BLOCK", "50", "STREAMS", stream, last);
                    if (found == null) {
                        continue;
                    }
                    synchronized (context.getCheckpointLock()) {
                        for (Object item : (List<?>) ((List<?>) ((List<?>) found).get(0)).get(1)) {
                            String body = (String) ((List<?>) ((List<?>) item).get(1)).get(1);
                            Matcher event = EVENT.matcher(body);
                            if (event.find()) {
                                long time = Math.round(Double.parseDouble(event.group(3)) * 1000);
                                context.collect(new Event(Long.parseLong(event.group(1)), event.group(2), time, ""));
                            } else if (body.contains("\"end\"")) {
                                context.collect(new Event(-1, "", Long.MAX_VALUE / 4, ""));
                            } else {
                                context.collect(new Event(-2, "", Long.MIN_VALUE, body));
                            }
                            last = (String) ((List<?>) item).get(0);
                        }
                    }
                }
            }
        }

        @Override
        public void cancel() {
            running = false;
        }

        @Override
        public void snapshotState(FunctionSnapshotContext context) throws Exception {
            saved.update(List.of(last));
        }

        @Override
        public void initializeState(FunctionInitializationContext context) throws Exception {
            saved = context.getOperatorStateStore().getListState(new ListStateDescriptor<>("position", String.class));
            for (String position : saved.get()) {
                last = position;
            }
        }
    }

    /**
     * A watermark after each event: what is late hangs on the order of the events alone, not on the clock. Flink's own generators give one
     * each 200 ms by default; what a job with those makes of late events when it catches up was not measured.
     */
    static class EachEvent implements WatermarkGenerator<Event> {
        private long newest = Long.MIN_VALUE + 1;

        @Override
        public void onEvent(Event event, long time, WatermarkOutput output) {
            if (event.number == -1) {
                output.emitWatermark(Watermark.MAX_WATERMARK); // the end closes every window, its own last
            } else if (time > newest) {
                newest = time;
                output.emitWatermark(new Watermark(newest - 1));
            }
        }

        @Override
        public void onPeriodicEmit(WatermarkOutput output) {}
    }

    static class Count implements AggregateFunction<Event, Long, Long> {
        @Override
        public Long createAccumulator() {
            return 0L;
        }

        @Override
        public Long add(Event event, Long count) {
            return count + 1;
        }

        @Override
        public Long getResult(Long count) {
            return count;
        }

        @Override
        public Long merge(Long one, Long other) {
            return one + other;
        }
    }

    static class Told extends ProcessWindowFunction<Long, String, String, TimeWindow> {
        @Override
        public void process(String key, Context context, Iterable<Long> counts, Collector<String> out) {
            long count = counts.iterator().next();
            String start = String.format("%d.%03d", context.window().getStart() / 1000, Math.abs(context.window().getStart() % 1000));
            if (context.window().getStart() < 0 && context.window().getStart() > -1000) {
                start = "-" + start;
            }
            out.collect(key.isEmpty() ? "{\"end\": true}" : "{\"key\": \"" + key + "\", \"start\": " + start + ", \"count\": " + count + "}");
        }
    }

    static class Sink extends ProcessFunction<String, Void> {
        private final String host;
        private final int port;
        private final String stream;
        private transient Redis redis;

        Sink(String host, int port, String stream) {
            this.host = host;
            this.port = port;
            this.stream = stream;
        }

        @Override
        public void open(OpenContext context) throws Exception {
            redis = new Redis(host, port);
        }

        @Override
        public void processElement(String text, Context context, Collector<Void> out) throws Exception {
            redis.call("XADD", stream, "*", "m", text);
        }

        @Override
        public void close() throws Exception {
            if (redis != null) {
                redis.close();
            }
        }
    }

    public static void main(String[] args) throws Exception {
        String host = args[0];
        int port = Integer.parseInt(args[1]);
        Duration size = Duration.ofMillis(Long.parseLong(args[5]));
        Duration step = Duration.ofMillis(Long.parseLong(args[6]));
        Duration lateness = Duration.ofMillis(Long.parseLong(args[7]));
        WindowAssigner<Object, TimeWindow> windows;
        if (args[4].equals("session")) {
            windows = EventTimeSessionWindows.withGap(step);
        } else if (args[4].equals("sliding")) {
            windows = SlidingEventTimeWindows.of(size, step);
        } else {
            windows = TumblingEventTimeWindows.of(size);
        }
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.setParallelism(1);
        env.setBufferTimeout(1);
        DataStream<Event> all = env.addSource(new Source(host, port, args[2])).returns(Event.class);
        OutputTag<Event> late = new OutputTag<Event>("late") {};
        SingleOutputStreamOperator<String> counted = all.filter(event -> event.number > -2)
            .assignTimestampsAndWatermarks(
                WatermarkStrategy.<Event>forGenerator(context -> new EachEvent()).withTimestampAssigner((event, before) -> event.time))
            .keyBy(event -> event.key)
            .window(windows)
            .allowedLateness(lateness)
            .sideOutputLateData(late)
            .aggregate(new Count(), new Told());
        counted.union(
                counted.getSideOutput(late).map(event -> "{\"too_late\": " + event.number + "}").returns(String.class),
                all.filter(event -> event.number == -2).map(event -> event.body).returns(String.class))
            .process(new Sink(host, port, args[3]));
        env.execute("windows " + args[4]);
    }
}
