import elfe.simulation.conductor as c, time
orig=c.Conductor._live
def _live(self, now):
    t=time.time(); k=0
    while True:
        a=self._ask(now); k+=1
        if all(x.ready for x in a) and self.counts.settled(a):
            self.notes={}; return a
        if k%400==0:
            print(now,[ (p.name,x.ready,sum(x.sent.values()),sum(x.received.values()),x.next_at) for p,x in zip(self.parties,a)],flush=True)
            sent={}
            for x in a:
                for tp,n in x.sent.items(): sent[tp]=sent.get(tp,0)+n
            for p,x in zip(self.parties,a):
                for tp,n in sent.items():
                    l=sum(self.counts._listens(f,tp) for f in x.filters)
                    if l and x.received.get(tp,0)<n*l: print("  missing",p.name,tp,n,l,x.received.get(tp,0))
        time.sleep(0.0005)
c.Conductor._live=_live
import runpy,sys
if __name__=="__main__":
    sys.argv=["t.py",*sys.argv[1:]]; runpy.run_path("t.py",run_name="__main__")
