using CsCheck;
using MixAttention.Engine.KvCache;

namespace MixAttention.Engine.Tests.KvCache;

public sealed class KvArenaAllocatorTests
{
    [Fact]
    public void Regions_go_to_the_first_hole_that_is_large_enough()
    {
        var arena = new FilledArena(100);
        arena.Allocate(1, 10);
        arena.Allocate(2, 20);
        arena.Allocate(3, 10);
        arena.Release(2);

        Assert.Equal(40, arena.Allocate(4, 30));
        Assert.Equal(10, arena.Allocate(5, 15));
        Assert.Equal(25, arena.Allocate(6, 5));
        Assert.Equal(0, arena.MoveCount);
    }

    [Fact]
    public void Neighbouring_holes_are_one_hole()
    {
        var arena = new FilledArena(100);
        for (int id = 0; id < 4; id++)
            arena.Allocate(id, 25);
        arena.Release(1);
        arena.Release(2);

        Assert.Equal(25, arena.Allocate(4, 50));
        Assert.Equal(0, arena.MoveCount);
    }

    [Fact]
    public void Scattered_room_is_joined_by_moving_as_little_as_possible()
    {
        var arena = new FilledArena(100);
        arena.Allocate(0, 10);
        arena.Allocate(1, 30);
        arena.Allocate(2, 10);
        arena.Allocate(3, 5);
        arena.Allocate(4, 10);
        arena.Allocate(5, 35);
        arena.Release(0);
        arena.Release(2);
        arena.Release(4);

        // The holes around sequence 3 cost 5 elements; those around sequence 1 would cost 30.
        Assert.Equal(45, arena.Allocate(6, 20));
        Assert.Equal(1, arena.MoveCount);
    }

    [Fact]
    public void Nothing_changes_when_too_little_is_free()
    {
        var arena = new FilledArena(100);
        arena.Allocate(1, 60);

        Assert.Null(arena.Allocate(2, 41));
        Assert.Equal(40, arena.Allocator.Free);
        Assert.Equal(60, arena.Allocate(2, 40));
    }

    [Fact]
    public void A_region_is_reserved_and_released_once()
    {
        var arena = new FilledArena(100);
        arena.Allocate(1, 10);

        Assert.Throws<InvalidOperationException>(() => arena.Allocate(1, 10));
        arena.Release(1);
        Assert.Throws<InvalidOperationException>(() => arena.Release(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => arena.Allocate(2, 0));
    }

    [Fact]
    public void The_peak_stays_when_regions_are_released()
    {
        var arena = new FilledArena(100);
        arena.Allocate(1, 70);
        arena.Release(1);
        arena.Allocate(2, 10);

        Assert.Equal(70, arena.Allocator.PeakUsed);
        Assert.Equal(10, arena.Allocator.Used);
    }

    [Fact]
    public void Any_sequence_of_operations_reserves_what_is_free_and_keeps_contents() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[0, 2]).Array[1, 120].Sample(operations =>
        {
            var arena = new FilledArena(200);
            var held = new List<int>();
            foreach (var ((elements, kind), id) in operations.Select((o, i) => (o, i)))
            {
                if (kind == 0 && held.Count > 0)
                {
                    arena.Release(held[elements % held.Count]);
                    held.RemoveAt(elements % held.Count);
                    continue;
                }

                bool fits = elements <= arena.Allocator.Free;
                Assert.Equal(fits, arena.Allocate(id, elements) is not null);
                if (fits)
                    held.Add(id);
            }

            held.ForEach(arena.Release);
            Assert.Equal(0, arena.Allocator.Used);
            Assert.Equal(0, arena.Allocate(-1, 200));
        });

    /// <summary>Carries out moves on real contents and checks all of them after each operation.</summary>
    private sealed class FilledArena(int capacity)
    {
        private readonly int[] _contents = new int[capacity];

        public KvArenaAllocator Allocator { get; } = new(capacity);

        public int MoveCount { get; private set; }

        public long? Allocate(int id, int elements)
        {
            var moves = new List<KvMove>();
            bool isAllocated = Allocator.TryAllocate(id, elements, moves, out long offset);
            foreach (var move in moves)
                Array.Copy(_contents, move.From, _contents, move.To, move.Elements);
            MoveCount += moves.Count;
            if (isAllocated)
                _contents.AsSpan((int)offset, elements).Fill(id);
            Check();
            return isAllocated ? offset : null;
        }

        public void Release(int id)
        {
            Allocator.Release(id);
            Check();
        }

        private void Check()
        {
            Allocator.CheckIntegrity();
            foreach (var region in Allocator.Regions)
                Assert.Equal(-1, _contents.AsSpan((int)region.Offset, (int)region.Elements).IndexOfAnyExcept(region.HolderId));
        }
    }
}
